"""Reads of AWS's API that Atoll answers with the true empty set.

A name stands here if what it lists comes into being by somebody's call alone, and Atoll has built no such call. What
AWS itself always has (offerings, prices, managed prefix lists) and what things that exist here have
(an instance's application status) does not: an empty answer would be untrue.
"""

EMPTY = frozenset(
    f"Describe{name}"
    for group in (
        # Capacity that is bought or reserved, fleets, spot requests, dedicated hosts
        "CapacityBlockExtensionHistory CapacityBlockStatus CapacityBlocks CapacityManagerDataExports "
        "CapacityReservationBillingRequests CapacityReservationCancellationQuotes "
        "CapacityReservationDateChangeQuotes CapacityReservationFleets CapacityReservationTopology "
        "CapacityReservations FleetHistory FleetInstances Fleets HostReservations Hosts MacHosts "
        "ReservedInstances ReservedInstancesListings ReservedInstancesModifications ScheduledInstances "
        "SpotFleetInstances SpotFleetRequestHistory SpotFleetRequests SpotInstanceRequests",
        # Addresses that are brought along or handed on, and IPAM
        "ByoipCidrs CoipPools IpamByoasn IpamExternalResourceVerificationTokens "
        "IpamInternetRegistryAssociations IpamPolicies IpamPoolAllocations IpamPools "
        "IpamPrefixListResolverTargets IpamPrefixListResolvers IpamResourceDiscoveries "
        "IpamResourceDiscoveryAssociations IpamScopes Ipams Ipv6Pools MovingAddresses PublicIpv4Pools",
        # VPNs, transit gateways, peering, Outposts and their gateways
        "CarrierGateways ClientVpnAuthorizationRules ClientVpnConnections ClientVpnEndpoints ClientVpnRoutes "
        "ClientVpnTargetNetworks CustomerGateways LocalGatewayRouteTableVirtualInterfaceGroupAssociations "
        "LocalGatewayRouteTableVpcAssociations LocalGatewayRouteTables LocalGatewayVirtualInterfaceGroups "
        "LocalGatewayVirtualInterfaces LocalGateways OutpostLags ServiceLinkVirtualInterfaces "
        "TransitGatewayAttachments TransitGatewayConnectPeers TransitGatewayConnects "
        "TransitGatewayMeteringPolicies TransitGatewayMulticastDomains "
        "TransitGatewayNetworkFunctionAttachments TransitGatewayPeeringAttachments TransitGatewayPolicyTables "
        "TransitGatewayRouteTableAnnouncements TransitGatewayRouteTables TransitGatewayVpcAttachments "
        "TransitGateways VpcPeeringConnections VpnConcentrators VpnConnections VpnGateways",
        # Other things of a VPC
        "AwsNetworkPerformanceMetricSubscriptions EgressOnlyInternetGateways FlowLogs "
        "InstanceConnectEndpoints RouteServerEndpoints RouteServerPeers RouteServers SecondaryInterfaces "
        "SecondaryNetworks SecondarySubnets "
        "TrafficMirrorFilterRules TrafficMirrorFilters TrafficMirrorSessions "
        "TrafficMirrorTargets TrunkInterfaceAssociations VerifiedAccessEndpoints VerifiedAccessGroups "
        "VerifiedAccessInstanceLoggingConfigurations VerifiedAccessInstances VerifiedAccessTrustProviders "
        "VpcBlockPublicAccessExclusions VpcEncryptionControls VpcEndpointAssociations "
        "VpcEndpointConnectionNotifications VpcEndpointConnections VpcEndpointServiceConfigurations "
        "VpcEndpointServicePermissions VpcEndpoints",
        # Disks, and images on their way in or out
        "BundleTasks ConversionTasks ExportImageTasks ExportTasks FastLaunchImages FastSnapshotRestores "
        "ImageUsageReportEntries ImageUsageReports ImportImageTasks ImportSnapshotTasks LockedSnapshots "
        "ReplaceRootVolumeTasks SnapshotTierStatus StoreImageTasks",
        # Of instances and of the account
        "DeclarativePoliciesReports ElasticGpus InstanceEventWindows",
    )
    for name in group.split()
)

EMPTY |= {f"List{kind}InRecycleBin" for kind in ("Images", "Snapshots", "Volumes")}
"""Nothing is deleted into the bin, since no rule of it can be made."""

MADE_HERE = frozenset({"ImageIds", "VolumeIds", "VpcIds"})
"""Parameters of those reads that name things which may exist: nothing is known of them there, so they are not built."""
