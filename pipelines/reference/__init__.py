"""What others publish and we lean on: sanctions lists, exchange rates, price bars, symbols."""
