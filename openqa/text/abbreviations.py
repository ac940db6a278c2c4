"""Abbreviations after which a full stop does not end a sentence, per language, in lower case and without the last stop.

Single letters ("J. Smith", "z. B.") need no list. The lists hold what is common in encyclopaedic text.
"""

from collections.abc import Mapping
from types import MappingProxyType

_EVERYWHERE = """
dr prof mr mrs ms st vs jr sr no nr vol pp fig ed eds al cf ca approx hr fr rev gen col lt capt sgt etc inc ltd co
corp
"""

_LISTS = {
    "ar": "د أ م ص ج هـ ق.م",
    "ca": "sr sra núm pàg aprox",
    "cs": "např tzv tj atd apod resp popř mj ing mgr čes angl lat stol str tis mil sv kol",
    "da": "bl.a f.eks dvs ca kl osv mht jf inkl",
    "de": """
        bzw ca z.b d.h u.a usw evtl ggf inkl exkl vgl jh jhd jhdt nr str bd abb tab hrsg geb gest verh mio mrd sog
        allg engl frz lat griech dt russ urspr insb insbes bes max min hl st jan feb apr aug sept okt nov dez abs
        art tel dipl ing
    """,
    "el": "π.χ κ.ά κ.λπ κλπ δηλ μ.χ αρ σελ βλ αι εκατ δισ αγ κ",
    "en": """
        e.g i.e u.s u.k d.c a.m p.m ph.d b.c a.d jan feb mar apr jun jul aug sep sept oct nov dec mt ft dept est gov
        sen rep hon pres bros viz ave blvd univ assn gal oz lb op lit maj cmdr adm messrs mme mlle
    """,
    "es": """
        sr sra srta dr dra d dña ud uds pág págs núm art aprox ee ee.uu uu a.c d.c p.ej av avda gral cap vol tel máx mín
    """,
    "fi": "esim ns mm ym ks n s yms jne tri prof os eaa jaa eli nro",
    "fr": "m mm mme mmes mlle me dr p.ex env av j.-c apr ste cie éd chap art vol hab jr tél boul fig",
    "hi": "डॉ श्री प्रो पं मि कु स्व ई.पू",
    "hu": "pl stb ún kb ill vö dr ifj id sz u.n",
    "id": "dr prof ir h hj drs dra jl no hlm tn ny bpk kab kec mgr pj pt skt",
    "it": "sig sigg sigra dott prof ing avv ecc es pag a.c d.c art vol cap ca max min on arch",
    "nl": "bijv bv d.w.z o.a enz ca mr dhr mevr drs ir ing prof blz nr resp t.o.v m.b.t jl",
    "no": "bl.a f.eks dvs ca kl osv mht jf inkl",
    "pl": """
        np tzw tj itd itp m.in prof dr inż mgr ul im św ks hab r w tys mln mld pt al gen por płk ang łac ur zm ok wg
    """,
    "pt": "sr sra srs dr dra d pág págs nº núm art aprox a.c d.c ex av eng prof profa gen séc vol tel",
    "ro": "dl dna d-na dr ing prof nr art str pag cca etc ex î.hr d.hr î.e.n e.n lt gen mil mld sec",
    "ru": """
        т.е т.д т.п т.к т.н т.о др пр г гг в вв н.э до.н.э руб коп тыс млн млрд ул просп им стр рис табл см ср напр
        акад проф доц св кн англ лат греч нем фр итал исп рус кит яп род ум обл р-н о оз р с пос д кв км м чел
    """,
    "sk": "napr tzv tj atď apod resp popr mj ing mgr angl lat stor str tis mil sv",
    "sv": "bl.a t.ex dvs ca kl osv m.m m.fl s.k jfr inkl",
    "tr": "vb vs bkz örn dr prof doç yrd av sn hz mah cad sok no yy m.ö m.s t.c alm ing fr lat müh yön gen alb",
    "uk": """
        т.д т.п т.зв ін др р рр ст н.е грн коп тис млн млрд вул просп ім с мал табл див напр акад проф св англ лат
        грец нім обл о оз м
    """,
    "vi": "tp ts ths gs pgs bs ks v.v tr tk",
}

_EVERY: frozenset[str] = frozenset(_EVERYWHERE.split())
_OF_LANGUAGE: Mapping[str, frozenset[str]] = MappingProxyType(
    {lang: _EVERY | frozenset(words.split()) for lang, words in _LISTS.items()}
)


def abbreviations(lang: str) -> frozenset[str]:
    """Returns the abbreviations of a language, with those that many languages share."""
    return _OF_LANGUAGE.get(lang, _EVERY)
