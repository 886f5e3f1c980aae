using Registry.Storage.Testing;

namespace Registry.Server.Tests.Buckets;

/// <summary>Tests that share a gateway of S3 and a server of PostgreSQL, which run only while they do.</summary>
[CollectionDefinition(Name)]
public sealed class BucketCollection : ICollectionFixture<Gateway>, ICollectionFixture<SharedDatabase>
{
    public const string Name = "bucket";
}
