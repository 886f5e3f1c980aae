using System.Reflection;
using Xunit.v3;

namespace Registry.Interop.Tests;

/// <summary>Adds to each test's output the requests that the shared registry answered meanwhile; the runner shows it for failed tests.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ServerOutputAttribute : BeforeAfterTestAttribute
{
    private string _before = "";

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => _before = Read();

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        string now = Read();
        string meanwhile = now.StartsWith(_before, StringComparison.Ordinal) ? now[_before.Length..] : now;
        if (meanwhile.Length > 0)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(meanwhile);
        }
    }

    // The assembly's fixtures exist before any test, so this does not block.
    private static string Read() => TestContext.Current.GetFixture<RegistryUnderTest>().AsTask().GetAwaiter().GetResult()?.Output ?? "";
}
