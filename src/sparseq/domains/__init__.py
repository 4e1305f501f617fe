"""Other alphabets beside music."""
