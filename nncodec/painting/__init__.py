"""What superres and generative share: a small picture by a codec, and a generator that paints the large one."""
