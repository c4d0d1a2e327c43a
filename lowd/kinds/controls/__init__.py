"""Studies' cells and controls in the plane of GL and RP."""
