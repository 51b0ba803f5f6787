"""Kind `huggingface`: any server that speaks the Hugging Face Hub's API."""
