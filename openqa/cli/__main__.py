"""`python -m openqa.cli`, for where the console script is not on the path."""

from openqa.cli import main

main()
