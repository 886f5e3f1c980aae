using Registry.Server.Tests.Buckets;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(BucketsFirst))]

namespace Registry.Server.Tests.Buckets;

/// <summary>
/// Starts the tests that share servers first: they run one after the other and take longest, so the others run beside them instead of before them.
/// </summary>
public sealed class BucketsFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
    [
        .. DefaultTestCollectionOrderer.Instance.OrderTestCollections(testCollections)
            .OrderBy(collection => collection.TestCollectionDisplayName != BucketCollection.Name),
    ];
}
