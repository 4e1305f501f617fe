"""What a user asks for, done whole: the only place where engine, music and realtime meet."""
