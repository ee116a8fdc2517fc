"""The presets that pfnb brings, one file for each sender."""
