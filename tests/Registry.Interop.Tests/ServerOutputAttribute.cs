using System.Collections.Concurrent;
using System.Reflection;
using Xunit.v3;

namespace Registry.Interop.Tests;

/// <summary>Adds to each test's output the requests that the shared registry answered meanwhile; the runner shows it for failed tests.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ServerOutputAttribute : BeforeAfterTestAttribute
{
    private readonly ConcurrentDictionary<string, string> _before = new();

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => _before[test.UniqueID] = Read();

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        string now = Read();
        string before = _before.TryRemove(test.UniqueID, out string? read) ? read : "";
        string meanwhile = now.StartsWith(before, StringComparison.Ordinal) ? now[before.Length..] : now;
        if (meanwhile.Length > 0)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(meanwhile);
        }
    }

    // The assembly's fixtures exist before any test, so this does not block.
    private static string Read() => TestContext.Current.GetFixture<RegistryUnderTest>().AsTask().GetAwaiter().GetResult()?.Output ?? "";
}
