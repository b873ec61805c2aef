"""Files of sound: found, probed, read from tars."""
