namespace Registry.Events.Delivery;

/// <summary>The host of an endpoint leads to an address that is not dialled.</summary>
/// <param name="predicate">Predicate of a sentence about the endpoint.</param>
internal sealed class RefusedAddressException(string predicate) : Exception(predicate);
