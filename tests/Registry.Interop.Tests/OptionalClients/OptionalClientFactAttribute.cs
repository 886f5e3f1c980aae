using System.Runtime.CompilerServices;

namespace Registry.Interop.Tests.OptionalClients;

/// <summary>
/// A test of a client that Debian 12 does not have. When the client is on the PATH the test runs with all others; when it is not, the
/// test is no part of the run, rather than a skipped one.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OptionalClientFactAttribute : FactAttribute
{
    public OptionalClientFactAttribute(
        string client, [CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) => Explicit = !Requires.IsOnPath(client);
}
