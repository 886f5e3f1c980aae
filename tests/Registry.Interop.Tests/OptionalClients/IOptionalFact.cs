namespace Registry.Interop.Tests.OptionalClients;

/// <summary>A fact about a program that no package of Debian 12 installs.</summary>
public interface IOptionalFact
{
    /// <summary>The program is at hand, so that the test exists.</summary>
    bool IsPossible { get; }
}
