namespace Registry.Interop.Tests.OptionalClients;

/// <summary>A fact about a program that no package of Debian 12 installs.</summary>
public interface IOptionalFact
{
    /// <summary>True when the program is installed, so the test exists.</summary>
    bool IsPossible { get; }
}
