"""What happens inside a network: activations, filters, saliency, and maps of the last hidden layer."""
