"""The network of a district government: municipal contacts, institutions and associations (decree Nr. 5 d)."""
