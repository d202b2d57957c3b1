"""Parts of the profile build: fetch the compiler, prepare the FSH, stamp, pack."""
