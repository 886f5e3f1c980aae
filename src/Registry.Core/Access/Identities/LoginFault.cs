namespace Registry.Core.Access.Identities;

/// <summary>Reason for the rejection of credentials. It is for the server log and is never sent to the caller.</summary>
/// <param name="Reason">The reason in words, without any text from the caller.</param>
/// <param name="User">User that the credentials name; null if they name none, or if the name is not verified.</param>
/// <param name="IsRoutine">True for a fault of normal operation, such as an expired token.</param>
public sealed record LoginFault(string Reason, string? User = null, bool IsRoutine = false)
{
    /// <summary>The Authorization header has another scheme, or the request has two headers.</summary>
    public static readonly LoginFault Scheme = new("unsupported scheme");

    /// <summary>The credentials are not base64 of <c>user:password</c> in UTF-8.</summary>
    public static readonly LoginFault Malformed = new("malformed credentials");
}
