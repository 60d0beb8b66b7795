"""The thumbnail engine compared with its peers: CPU, memory, wall time and quality."""
