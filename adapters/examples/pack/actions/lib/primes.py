def divisor(number):
    """The least divisor above 1."""
    candidate = 2
    while candidate * candidate <= number:
        if number % candidate == 0:
            return candidate
        candidate += 1
    return number
