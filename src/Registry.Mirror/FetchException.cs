namespace Registry.Mirror;

/// <summary>The bytes of a blob stop in the middle of an answer, since the upstream does not send the rest, or has sent others.</summary>
/// <param name="message">A clause for people that names the upstream and the blob.</param>
public sealed class FetchException(string message) : Exception(message);
