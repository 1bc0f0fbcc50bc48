"""What the tools and the engine of marking share: files, kernels, notebooks, the error that a person can mend."""
