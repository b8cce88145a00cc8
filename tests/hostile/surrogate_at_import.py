raise RuntimeError("no licence\n\x00\ud800")
