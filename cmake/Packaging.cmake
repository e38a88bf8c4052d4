# cmake --install: the program, its libraries and the part of LibTorch it needs, and what a desktop and a shell expect.
