"""The declarations of the labs, one module or small package each: `lab_NAME`, with its exercises in `EXERCISES`."""
