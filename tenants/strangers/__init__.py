"""Files of strangers are read in a process of their own: `apart` starts it and waits, `inside` is what runs there."""
