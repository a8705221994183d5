"""Many solves of one question, changed a little each time: sweeps and frontiers."""
