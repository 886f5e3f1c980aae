using Registry.Interop.Tests.Faults;
using Registry.Interop.Tests.Packages;
using Xunit.Sdk;
using Xunit.v3;

namespace Registry.Interop.Tests;

/// <summary>
/// Starts the classes that take minutes first, so that the others run beside them instead of before them, and the class that waits for the package
/// last.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly Type[] Long = [typeof(PackageTests), typeof(TortureTests)];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(Rank).ThenBy(collection => collection.TestCollectionDisplayName, StringComparer.Ordinal)];

    private static int Rank<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        int rank = Array.FindIndex(Long, IsOf);
        return rank >= 0 ? rank : IsOf(typeof(ImageTests)) ? Long.Length + 1 : Long.Length;

        bool IsOf(Type type) => collection.TestCollectionDisplayName.Contains(type.FullName!, StringComparison.Ordinal);
    }
}
