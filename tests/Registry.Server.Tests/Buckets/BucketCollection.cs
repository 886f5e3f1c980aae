using Registry.Storage.Testing;

namespace Registry.Server.Tests.Buckets;

/// <summary>Tests that share a gateway of S3, which runs only while they do.</summary>
[CollectionDefinition(Name)]
public sealed class BucketCollection : ICollectionFixture<Gateway>
{
    public const string Name = "bucket";
}
