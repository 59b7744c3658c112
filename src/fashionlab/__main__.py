"""`python -m fashionlab` is the command `fashionlab`."""

from fashionlab.cli import main

if __name__ == "__main__":
    main()
