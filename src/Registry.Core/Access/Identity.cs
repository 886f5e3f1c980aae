namespace Registry.Core.Access;

/// <summary>Who is asking.</summary>
/// <param name="Name">The user; null for a caller without credentials.</param>
/// <param name="Scope">What the caller's token was granted; null when no token was shown, so that only the rules count.</param>
public sealed record Identity(string? Name, TokenScope? Scope = null)
{
    /// <summary>A caller without credentials.</summary>
    public static readonly Identity Anonymous = new(null, null);

    /// <summary>Whether there are no credentials behind it.</summary>
    public bool IsAnonymous => Name is null;
}
