using Registry.Core.Access.Rules;

namespace Registry.Core.Access.Identities;

/// <summary>Identity of a caller.</summary>
/// <param name="Name">The user; null for a caller without credentials.</param>
/// <param name="Scope">Scope that the caller's token grants; null without a token, so that only the rules decide.</param>
public sealed record Identity(string? Name, TokenScope? Scope = null)
{
    /// <summary>A caller without credentials.</summary>
    public static readonly Identity Anonymous = new(null, null);

    /// <summary>True for a caller without credentials.</summary>
    public bool IsAnonymous => Name is null;
}
