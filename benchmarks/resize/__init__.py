"""The thumbnail engine beside its peers: CPU, memory, wall time and quality."""
