using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Metadata;

public class PreconditionTests
{
    private static readonly Digest X = Samples.Digest("x");
    private static readonly Digest Y = Samples.Digest("y");

    [Fact]
    public void Without_a_condition_everything_may_happen()
    {
        Assert.True(Precondition.None.Holds(null));
        Assert.True(Precondition.None.Holds(X));
    }

    [Fact]
    public void If_match_any_asks_that_there_is_one()
    {
        var condition = new Precondition { Match = [] };
        Assert.False(condition.Holds(null));
        Assert.True(condition.Holds(X));
    }

    [Fact]
    public void If_match_asks_for_one_of_the_digests()
    {
        var condition = new Precondition { Match = [Y.Value, X.Value] };
        Assert.True(condition.Holds(X));
        Assert.False(condition.Holds(Samples.Digest("z")));
        Assert.False(condition.Holds(null));
    }

    [Fact]
    public void If_none_match_any_asks_that_there_is_none()
    {
        var condition = new Precondition { NoneMatch = [] };
        Assert.True(condition.Holds(null));
        Assert.False(condition.Holds(X));
    }

    [Fact]
    public void If_none_match_asks_for_another_digest()
    {
        var condition = new Precondition { NoneMatch = [X.Value] };
        Assert.True(condition.Holds(null));
        Assert.True(condition.Holds(Y));
        Assert.False(condition.Holds(X));
    }

    [Fact]
    public void Both_conditions_must_hold()
    {
        var condition = new Precondition { Match = [], NoneMatch = [X.Value] };
        Assert.True(condition.Holds(Y));
        Assert.False(condition.Holds(X));
        Assert.False(condition.Holds(null));
    }
}
