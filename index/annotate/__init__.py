"""An outline to what is known of each clause: context, passages, facts, indicators, conflicts."""
