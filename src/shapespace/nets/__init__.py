"""Networks: plain torch modules that know no data, settings or training."""
