namespace Registry.Core.Access;

/// <summary>Decision about a request, made from the identity and the rules alone.</summary>
public enum Verdict
{
    Allowed,

    /// <summary>401: the caller may try again with credentials.</summary>
    Unauthorized,

    /// <summary>401: another token may cover the request.</summary>
    InsufficientScope,

    /// <summary>403: no credentials of this caller allow the request.</summary>
    Denied,
}
