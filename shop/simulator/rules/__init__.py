"""Pure rules: what a request asked, what is known and the time go in, what happens next comes out."""
