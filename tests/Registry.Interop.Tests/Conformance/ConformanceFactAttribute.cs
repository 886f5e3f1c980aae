using System.Runtime.CompilerServices;
using Registry.Interop.Tests.OptionalClients;
using Xunit.v3;

namespace Registry.Interop.Tests.Conformance;

/// <summary>
/// A run of the conformance program of the OCI distribution-spec, which <c>CONFORMANCE_BIN</c> names. Without the variable there is no such
/// test: the program is distributed as source only.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer(typeof(OptionalDiscoverer))]
public sealed class ConformanceFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
    : FactAttribute(sourceFilePath, sourceLineNumber), IOptionalFact
{
    /// <summary>Path of the program; null without one.</summary>
    public static string? ProgramPath => Environment.GetEnvironmentVariable("CONFORMANCE_BIN") is { Length: > 0 } path ? path : null;

    public bool IsPossible => ProgramPath is not null;
}
