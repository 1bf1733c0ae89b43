"""The review board: plain functions from text to judgement, without any platform in them."""
