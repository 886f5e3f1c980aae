using System.Runtime.CompilerServices;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Causes of internal errors, which are counted together.</summary>
public sealed class InternalErrorCauseTests
{
    private static readonly int[] Empty = [];

    [Fact]
    public void Two_mistakes_that_the_same_method_of_the_framework_throws_have_two_causes()
    {
        var (one, other) = (Catch(One), Catch(Other));
        Assert.Equal(one.StackTrace!.Split('\n')[0], other.StackTrace!.Split('\n')[0]);

        Assert.StartsWith("InvalidOperationException at Registry.Server.Tests.Telemetry.InternalErrorCauseTests.One()", InternalErrorCause.Of(one), StringComparison.Ordinal);
        Assert.StartsWith("InvalidOperationException at Registry.Server.Tests.Telemetry.InternalErrorCauseTests.Other()", InternalErrorCause.Of(other), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_has_the_same_cause_each_time() => Assert.Equal(InternalErrorCause.Of(Catch(One)), InternalErrorCause.Of(Catch(One)));

    [Fact]
    public void An_exception_that_was_never_thrown_has_its_type_as_cause() =>
        Assert.Equal("InvalidOperationException", InternalErrorCause.Of(new InvalidOperationException("never thrown")));

    private static InvalidOperationException Catch(Action action) => Assert.Throws<InvalidOperationException>(action);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void One() => _ = Empty.First();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Other() => _ = Empty.First();
}
