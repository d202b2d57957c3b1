"""The mark on images: 川内HR in the upper right, without touching the pixels of the originals."""
