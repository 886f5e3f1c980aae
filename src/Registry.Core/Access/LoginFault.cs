namespace Registry.Core.Access;

/// <summary>Reason for which credentials were refused: for the log of the operator, and never for the caller.</summary>
/// <param name="Reason">The reason in words, without anything the caller has sent.</param>
/// <param name="User">The user that the credentials name; null when they name none, or when nothing vouches for it.</param>
/// <param name="IsRoutine">Whether clients run into it as a matter of course, as with a token that has expired.</param>
public sealed record LoginFault(string Reason, string? User = null, bool IsRoutine = false)
{
    /// <summary>An Authorization header of another scheme, or two of them.</summary>
    public static readonly LoginFault Scheme = new("unsupported scheme");

    /// <summary>Credentials that are not base64 of <c>user:password</c> in UTF-8.</summary>
    public static readonly LoginFault Malformed = new("malformed credentials");
}
