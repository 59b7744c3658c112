"""From a photograph to what the network sees, step by step.

arrays    area averaging, unsharp mask, flood: every operation defined to the grey level
reading   files, Pillow images and arrays as pixels, within limits
ground    the plain surface behind the garment
garment   the way of Fashion-MNIST's authors, for networks that were trained on it
simple    for all other data: the training images' size, ground and polarity
see       which of the two it is, by what is known of the run
"""
