"""Wikipedia and other wikis of MediaWiki: their dumps, and wikitext as plain text."""
