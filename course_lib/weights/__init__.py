"""Files with the weights of published networks: which they are, where they come from, how they get here.

None of them is part of this package. `setup` fetches those of a checkout, `find` hands them over, checked.
One module a family of networks names its files; `catalogue` has them all. Standard library only, and readable by
Python 3.8: the set-up runs before there is an environment.
"""
