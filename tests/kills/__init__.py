"""Writers that are killed: what they leave must be the old content or the new one."""
