"""Events, deliveries and the rest in a relational database: one writer, some readers, and a dialect for each kind of database."""
