"""Neural networks in plain NumPy, as the lectures of chapter 02 build them."""
