"""Kind `oci`: any registry of the OCI distribution API, Ollama's and Docker's models among them."""
