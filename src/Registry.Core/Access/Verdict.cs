namespace Registry.Core.Access;

/// <summary>What is answered to a caller, decided from the name and the rules alone.</summary>
public enum Verdict
{
    Allowed,

    /// <summary>401: whoever has credentials may try again with them.</summary>
    Unauthorized,

    /// <summary>401: another token might cover it.</summary>
    InsufficientScope,

    /// <summary>403: no credentials of this caller will do.</summary>
    Denied,
}
