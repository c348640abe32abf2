"""What the simulator serves: views parse, call one act, and answer."""
