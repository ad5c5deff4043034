"""From a finding back to the failing row: a command, the row itself, a script without refloss."""
